export DOCKER_HOST=ssh://me@build
