import ssl

from shared.kafka.connect import connection
from shared.settings import KafkaSettings


def test_several_brokers_are_a_list() -> None:
    assert connection(KafkaSettings(kafka_bootstrap="a:1, b:2"))["bootstrap_servers"] == ["a:1", "b:2"]


def test_without_security_nothing_about_it_is_passed() -> None:
    arguments = connection(KafkaSettings())
    assert arguments["security_protocol"] == "PLAINTEXT"
    assert not [name for name in arguments if name.startswith(("sasl", "ssl"))]


def test_tls_checks_the_brokers_certificate() -> None:
    context = connection(KafkaSettings(kafka_security="SSL"))["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_sasl_passes_user_and_password() -> None:
    settings = KafkaSettings(kafka_security="SASL_SSL", kafka_username="rollcall", kafka_password="secret")
    arguments = connection(settings)
    assert arguments["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (arguments["sasl_plain_username"], arguments["sasl_plain_password"]) == ("rollcall", "secret")
    assert "ssl_context" in arguments
    assert "secret" not in repr(settings)
