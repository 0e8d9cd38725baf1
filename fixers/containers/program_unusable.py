"""Advise how to correct a program of an image."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.facts.containers.details import ProgramUnusable

_IN_IMAGE = {
    "missing": "correct ENTRYPOINT, CMD or the command of the container; see the files: docker run --rm --entrypoint ls {image} -l /",
    "directory": "correct ENTRYPOINT, CMD or the command of the container: docker inspect -f '{{{{.Path}}}} {{{{.Args}}}}' {name}",
    "not-executable": "add 'RUN chmod +x {program}' to the Dockerfile and build it: docker build -t {image} .",
    "empty": "put the program into the image again and build it: docker build -t {image} .",
    "no-first-line": "begin the file with '#!/bin/sh' and build the image: docker build -t {image} .",
    "byte-order-mark": "save the file without a byte order mark and build the image: docker build -t {image} .",
    "line-ends": "save the file with Unix line ends (add \"RUN sed -i 's/\\r$//' {program}\" to the Dockerfile) and build it: docker build -t {image} .",
    "no-interpreter": "install the interpreter in the Dockerfile, or use one that the image has, and build it: docker build -t {image} .",
}
_MOUNTED = {
    "not-executable": "chmod +x {mounted}",
    "line-ends": "sed -i 's/\\r$//' {mounted}",
    "byte-order-mark": "sed -i '1s/^\\xef\\xbb\\xbf//' {mounted}",
    "no-first-line": "sed -i '1i #!/bin/sh' {mounted}",
}


@fixer(applicability=Applicability.MANUAL)
def program_unusable(detail: ProgramUnusable) -> Iterator[Action]:
    """Show the command; images are built and mounted files are written by their owner."""
    name = detail.names[0]
    if detail.mounted and detail.kind in _MOUNTED:
        text = f"{_MOUNTED[detail.kind].format(mounted=detail.mounted)}, then: docker start {' '.join(detail.names)}"
    else:
        text = _IN_IMAGE[detail.kind].format(image=detail.image, program=detail.program, name=name)
        text += f"; then {set_aside(*detail.names)}, and create them again"
    yield Advise(text=text)
