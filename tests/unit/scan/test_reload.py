"""The predicted answer of an engine after a reload has the settings of daemon.json, also those that are masked when shown."""

import msgspec

from doctor.facts.secrets.redact import conceal
from doctor.scan.risk import info_after_reload


def test_a_label_with_a_secret_is_predicted_as_it_is() -> None:
    labels = conceal("labels", ["stage=test", "token=hunter2"])
    assert str(labels[1]) == "token=***"
    found = msgspec.json.decode(info_after_reload(b'{"Labels": [], "Driver": "overlay2"}', {"labels": labels}))
    assert found == {"Labels": ["stage=test", "token=hunter2"], "Driver": "overlay2"}


def test_an_answer_that_is_not_json_stays() -> None:
    assert info_after_reload(b"not json", {"labels": []}) == b"not json"
