"""Remove a storage option that the engine no longer accepts."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.config.engine_settings import remove_flag, replace_list_item
from doctor.facts.config.details import DroppedOption
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def removed_storage_opt(detail: DroppedOption, config: EngineConfig) -> Iterator[Action]:
    """Remove the option from the list or the flags that set it."""
    text = detail.text
    for flag in config.flags.of_key("storage-opts"):
        if flag.value == text and flag.place is not None:
            yield remove_flag(flag.place, "storage-opt", text, restart=False)
    options = config.json.value.get("storage-opts")
    if isinstance(options, list) and text in options:
        yield replace_list_item(config.json.path, "storage-opts", text, None, restart=False)
