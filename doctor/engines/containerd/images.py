"""The images that containerd's databases list."""

from doctor.api.engine import Ask
from doctor.engines.docker import places as docker
from doctor.facts.containerd.lists import ContainerdLists, NamedImage, short
from doctor.model.expected import Expected


def listed(ask: Ask) -> Expected:
    """Return every image that a containerd of this host lists, complete or not."""
    lists = ask(ContainerdLists)
    images = (image for one in lists.items for image in one.images) if isinstance(lists, ContainerdLists) else ()
    return Expected(stored={_title(image): image.target for image in images})


def _title(image: NamedImage) -> str:
    return short(image.name) + ("" if image.namespace == docker.NAMESPACE else f" of namespace {image.namespace}")
