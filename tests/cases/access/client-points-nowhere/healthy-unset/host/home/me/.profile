export DOCKER_HOST=unix:///home/me/.docker/desktop/docker.sock
unset DOCKER_HOST  # the old machine
