# A release of one application that tells when it starts. It leaves how to start it in `command`.
mkdir /srv/proof
cd /srv/proof
cat >proof.erl <<'END'
-module(proof).
-behaviour(application).
-export([start/2, stop/1]).

start(_Type, _Arguments) ->
    Line = io_lib:format("~w started beside ~w~n", [node(), lists:sort(nodes())]),
    ok = file:write_file("/tmp/told", Line, [append]),
    {ok, spawn_link(fun() -> receive after infinity -> ok end end)}.

stop(_State) -> ok.
END
cat >proof.app <<'END'
{application, proof, [{description, "It tells when it starts"}, {vsn, "1"},
    {modules, [proof]}, {registered, []}, {applications, [kernel, stdlib]}, {mod, {proof, []}}]}.
END
erlc proof.erl
erl -noinput -eval '
Versions = [begin _ = application:load(A), {ok, V} = application:get_key(A, vsn), {A, V} end || A <- [kernel, stdlib, proof]],
Release = {release, {"proof", "1"}, {erts, erlang:system_info(version)}, Versions},
ok = file:write_file("proof.rel", io_lib:format("~p.~n", [Release])),
ok = systools:make_script("proof", [local]),
halt().'
command='erl -noinput -boot /srv/proof/proof'
