if false; then
    export DOCKER_HOST=unix:///nowhere.sock
fi
