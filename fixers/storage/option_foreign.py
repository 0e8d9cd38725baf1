"""Remove a storage option of another driver."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import remove_flag, replace_list_item
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.details import ForeignOption


@fixer(applicability=Applicability.SAFE)
def option_foreign(detail: ForeignOption, config: EngineConfig) -> Iterator[Action]:
    """Remove the option from the list or the flags that set it."""
    text = detail.text
    if not detail.is_foreign:
        yield Advise(
            text=f"umount {config.data_root} and mount -o pquota {config.data_root} (xfs), or remove {text} from "
            "storage-opts, then systemctl restart docker"
        )
        return
    for flag in config.flags.of_key("storage-opts"):
        if flag.value == text and flag.place is not None:
            yield remove_flag(flag.place, "storage-opt", text, restart=False)
    options = config.json.value.get("storage-opts")
    if isinstance(options, list) and text in options:
        yield replace_list_item(config.json.path, "storage-opts", text, None, restart=False)
