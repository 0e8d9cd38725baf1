export DOCKER_TLS_VERIFY=1 DOCKER_HOST=tcp://build.example.net:2376 # the build machine
