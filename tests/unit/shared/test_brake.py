from shared.kafka.brake import BURST, STOP_SECONDS, Brake


def test_a_burst_of_rubbish_passes() -> None:
    brake = Brake()
    assert [brake.pause_after(2000, 2000) for _ in range(5)] == [0.0] * 5
    assert not brake.pulled


def test_a_topic_full_of_rubbish_is_stopped_and_stays_stopped() -> None:
    brake = Brake()
    pauses = [brake.pause_after(2000, 2000) for _ in range(BURST // 2000 + 3)]
    assert pauses[-4:] == [STOP_SECONDS] * 4
    assert pauses[:-4] == [0.0] * (len(pauses) - 4)
    assert brake.pulled


def test_a_mostly_readable_batch_lets_it_go() -> None:
    brake = Brake(burst=100)
    assert brake.pause_after(100, 100) > 0
    assert brake.pause_after(100, 20) == 0
    assert not brake.pulled
    assert brake.pause_after(60, 60) == 0


def test_rubbish_among_good_records_never_stops_anything() -> None:
    brake = Brake(burst=100)
    assert {brake.pause_after(2000, 900) for _ in range(100)} == {0.0}


def test_one_lone_bad_record_after_another_is_counted_and_a_good_one_ends_the_count() -> None:
    brake = Brake(burst=100)
    assert {brake.pause_after(1, 1) for _ in range(99)} == {0.0}
    assert brake.pause_after(1, 0) == 0
    assert brake.pause_after(1, 1) == 0
