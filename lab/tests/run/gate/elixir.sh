# A release of one application that tells when it starts. It leaves how to start it in `command`.
export MIX_ENV=prod LANG=C.UTF-8
cd /srv
mix new proof --sup
cd proof
cat >lib/proof/application.ex <<'END'
defmodule Proof.Application do
  use Application

  def start(_type, _arguments) do
    line = :io_lib.format("~w started beside ~w~n", [node(), Enum.sort(Node.list())])
    File.write!("/tmp/told", line, [:append])
    Supervisor.start_link([], strategy: :one_for_one)
  end
end
END
mix release --path /srv/release
command='/srv/release/bin/proof start'
