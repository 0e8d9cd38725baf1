"""An authorization plugin does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.authorization import AuthorizationPlugins
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    breaks=("start",),
    ok="the engine's authorization plugins run",
    messages=(
        Message(
            pattern=r"plugin \S+ failed with error: .*AuthZPlugin\.AuthZRe[qs].*|failed to validate authorization plugin: plugin .* not found",
            example='Error response from daemon: plugin gate failed with error: Post "http://plugin.moby.localhost/AuthZPlugin.AuthZReq": dial unix /run/docker/plugins/gate.sock: connect: connection refused',
            means="the engine asks an authorization plugin before each request, and the plugin does not run",
            do='start the plugin\'s service; or remove it from "authorization-plugins" in daemon.json and restart the engine, if everyone with access to the socket may use all of it',
            also=("config/invalid-value",),
        ),
    ),
)
def authorization_plugin_dead(
    plugins: AuthorizationPlugins, config: EngineConfig, state: EngineState
) -> Iterator[Finding]:
    """The engine asks an authorization plugin before every request, and the plugin does not run: all requests are refused.

    What it looks at:
        ``authorization-plugins`` of an engine that does not answer, and whether a program listens on the socket of each in
        /run/docker/plugins. Plugins that a file in /etc/docker/plugins describes, and managed plugins, are not judged.

    Why it matters:
        dockerd tries to reach the plugin for up to a minute, so that docker commands hang, then fail. Containers keep running
        but can't be managed, and the engine does not start again: "failed to validate authorization plugin".

    How it is fixed:
        Manually: start the plugin's service. doctor never removes the setting, because it may be the only access control.

    References:
        https://docs.docker.com/engine/extend/plugins_authorization/
        https://docs.docker.com/engine/extend/plugin_api/
    """
    if state.status not in {"hung", "starting"}:
        # An engine that answers has asked its plugins: one in a container listens in a network namespace of its own.
        return
    for plugin in plugins.dead:
        yield Finding(
            subject=Subject("plugin", plugin.name),
            message=f"the authorization plugin {plugin.name} does not run: the engine refuses every request",
            evidence=(
                Evidence(config.setting("authorization-plugins").place, f"authorization-plugins: {plugin.name}"),
                Evidence(
                    plugin.socket, "nobody listens (/proc/net/unix)" if plugin.exists else "the socket does not exist"
                ),
            ),
        )
