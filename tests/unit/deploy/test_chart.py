"""The Helm chart: valid for Kubernetes, and true of the code that it deploys."""

import importlib
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from services.intake.webhooks.addresses import FIRST_FREE_PORT
from shared.kafka.broker import group_of
from shared.settings import KafkaSettings, ServiceSettings
from shared.topics import CONSUMERS
from tests.unit.deploy import chart
from tests.unit.deploy.chart import Manifest

VALUES = sorted((chart.KUBERNETES / "values").glob("*.yaml"))
NAMES = [values.stem for values in VALUES]


@pytest.fixture(scope="module", params=VALUES, ids=NAMES)
def rendered(request: pytest.FixtureRequest) -> list[Manifest]:
    """What Helm makes of the chart; without Go, what it made when the chart was last changed."""
    program = chart.helm()
    kept = chart.RENDERED / request.param.name
    return chart.manifests(chart.render(program, request.param) if program else kept.read_text())


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {m["metadata"]["name"].removeprefix("rollcall-"): m for m in manifests if m["kind"] == kind}


def container(deployment: Manifest) -> dict[str, Any]:
    return dict(deployment["spec"]["template"]["spec"]["containers"][0])


def settings_in(deployment: Manifest) -> set[str]:
    return {entry["name"].removeprefix("ROLLCALL_").lower() for entry in container(deployment)["env"]}


def test_each_manifest_is_one_that_kubernetes_takes(rendered: list[Manifest]) -> None:
    for manifest in rendered:
        if chart.is_custom(manifest):
            jsonschema.validate(manifest, yaml.safe_load((chart.OWN_SCHEMAS / chart.schema_name(manifest)).read_text()))
        else:
            kubernetes_validate.validate(manifest, chart.VERSION, strict=True)


def test_there_is_all_that_a_platform_team_expects(rendered: list[Manifest]) -> None:
    assert set(of_kind(rendered, "Deployment")) == set(CONSUMERS)
    for kind in ("Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy"):
        assert set(of_kind(rendered, kind)) == set(CONSUMERS), kind
    assert set(of_kind(rendered, "Job")) == {"topics"}


@pytest.mark.parametrize("service", sorted(CONSUMERS))
def test_a_service_gets_the_settings_that_it_has_and_all_that_it_needs(service: str, rendered: list[Manifest]) -> None:
    fields = importlib.import_module(f"services.{service}.settings").Settings.model_fields
    given = settings_in(of_kind(rendered, "Deployment")[service])
    assert given <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= given


@pytest.mark.parametrize("service", sorted(CONSUMERS))
def test_a_service_runs_as_nobody_and_writes_nowhere(service: str, rendered: list[Manifest]) -> None:
    deployment = of_kind(rendered, "Deployment")[service]
    security = container(deployment)["securityContext"]
    assert deployment["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert security["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("service", sorted(CONSUMERS))
def test_a_service_is_given_longer_to_stop_than_it_takes(service: str, rendered: list[Manifest]) -> None:
    deployment = of_kind(rendered, "Deployment")[service]
    command, goes_on = container(deployment)["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    assert int(goes_on) >= 5, "requests are sent here for some seconds after it was told to go"
    grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace >= int(goes_on) + ServiceSettings.model_fields["stop_seconds"].default + 10


def test_the_topics_job_gets_settings_that_it_has(rendered: list[Manifest]) -> None:
    assert settings_in(of_kind(rendered, "Job")["topics"]) <= set(KafkaSettings.model_fields)


def test_intake_may_reach_every_port_that_a_webhook_may_have_on_the_internet(rendered: list[Manifest]) -> None:
    egress = of_kind(rendered, "NetworkPolicy")["intake"]["spec"]["egress"]
    (webhooks,) = (rule for rule in egress if "to" in rule)
    assert webhooks["ports"] == [{"port": FIRST_FREE_PORT, "endPort": 65535}]
    assert {"port": 443} in [port for rule in egress for port in rule["ports"]]
    for block in (peer["ipBlock"] for peer in webhooks["to"]):
        excepted = [ip_network(network) for network in block.get("except", [])]
        for address in map(ip_address, ("169.254.169.254", "10.1.2.3", "192.168.0.1", "fd00::1", "fe80::1")):
            inside = address in ip_network(block["cidr"])
            assert not inside or any(address in network for network in excepted), address


def test_each_may_have_a_user_of_its_own_and_an_authority_for_each_server(tmp_path: Path) -> None:
    program = chart.helm()
    if program is None:
        return  # no Go; the chart is not rendered with other values than those that are kept
    users = {
        name: {"username": f"own-{name}", "passwordSecret": {"name": f"own-{name}"}} for name in (*CONSUMERS, "topics")
    }
    own = {"kafka": {"users": users}, "postgres": {"caSecret": {"name": "postgres-ca"}}}
    values = tmp_path / "values.yaml"
    merged = yaml.safe_load(VALUES[0].read_text())
    values.write_text(yaml.safe_dump({**merged, **own, "kafka": {**merged["kafka"], **own["kafka"]}}))
    manifests = chart.manifests(chart.render(program, values))
    found = {**of_kind(manifests, "Deployment"), "topics": of_kind(manifests, "Job")["topics"]}
    for name, manifest in found.items():
        said = {entry["name"]: entry for entry in container(manifest)["env"]}
        assert said["ROLLCALL_KAFKA_USERNAME"]["value"] == f"own-{name}"
        assert said["ROLLCALL_KAFKA_PASSWORD"]["valueFrom"]["secretKeyRef"] == {
            "name": f"own-{name}",
            "key": "password",
        }
    for service in CONSUMERS:
        mounts = {mount["name"]: mount["mountPath"] for mount in container(found[service])["volumeMounts"]}
        assert mounts["postgres-ca"] == "/etc/rollcall/postgres"


def test_secrets_come_by_reference_only(rendered: list[Manifest]) -> None:
    for deployment in of_kind(rendered, "Deployment").values():
        for entry in container(deployment)["env"]:
            if any(word in entry["name"] for word in ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL")):
                assert "secretKeyRef" in entry["valueFrom"], entry["name"]


def test_scaling_asks_for_the_groups_and_topics_that_there_are(rendered: list[Manifest]) -> None:
    for service, scaled in of_kind(rendered, "ScaledObject").items():
        asked = {(t["metadata"]["consumerGroup"], t["metadata"]["topic"]) for t in scaled["spec"]["triggers"]}
        assert asked == {(group_of(service, topic.name, ""), topic.name) for topic in CONSUMERS[service]}
        assert scaled["spec"]["maxReplicaCount"] <= max(topic.partitions for topic in CONSUMERS[service])


@pytest.mark.parametrize("values", VALUES, ids=NAMES)
def test_helm_and_kubeconform_have_nothing_to_say_against_it(values: Path, tmp_path: Path) -> None:
    helm, kubeconform = chart.helm(), chart.kubeconform()
    if helm is None or kubeconform is None:
        return  # no Go: the tests above look at what Helm made when the chart was last changed
    subprocess.run([helm, "lint", chart.CHART, "--strict", "--values", values], check=True)
    text = chart.render(helm, values)
    assert chart.manifests(text) == chart.manifests((chart.RENDERED / values.name).read_text()), (
        f"the chart has changed: helm template rollcall {chart.CHART} --values {values} --namespace rollcall > {chart.RENDERED / values.name}"
    )
    schemas = chart.schema_folder(tmp_path, chart.manifests(text))
    location = f"{schemas}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    command = [
        kubeconform,
        "-strict",
        "-summary",
        "-kubernetes-version",
        f"{chart.VERSION}.0",
        "-schema-location",
        location,
    ]
    subprocess.run(command, input=text, text=True, check=True)


def test_a_chart_with_a_mistake_is_refused() -> None:
    manifest = chart.manifests((chart.RENDERED / VALUES[0].name).read_text())
    deployment = next(m for m in manifest if m["kind"] == "Deployment")
    deployment["spec"]["replica"] = 3
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, chart.VERSION, strict=True)
