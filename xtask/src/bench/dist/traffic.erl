%% A peer of `cargo xtask bench dist`: sends, receives and echoes as it is told by lines on its standard input.
-module(traffic).
-export([start/0]).

start() ->
    register(sink, spawn(fun sink/0)),
    io:put_chars("ready\n"),
    obey().

obey() ->
    case io:get_line("") of
        eof ->
            halt(0);
        Line ->
            [What, Node, Size, Count] = string:lexemes(Line, " \n"),
            Sink = {sink, list_to_atom(Node)},
            Bin = binary:copy(<<7>>, list_to_integer(Size)),
            N = list_to_integer(Count),
            %% In a process of its own, whose heap is fresh.
            {_, Ref} = spawn_monitor(fun() -> exit({figures, run(What, Sink, Bin, N)}) end),
            receive
                {'DOWN', Ref, process, _, {figures, Figures}} ->
                    io:format("~s~n", [lists:join($\s, [integer_to_list(F) || F <- Figures])])
            end,
            obey()
    end.

run("send", Sink, Bin, N) ->
    Start = erlang:monotonic_time(nanosecond),
    Sink ! {count, self(), N},
    send(Sink, Bin, N),
    receive done -> ok end,
    [erlang:monotonic_time(nanosecond) - Start];
run("echo", Sink, Bin, N) ->
    Times = lists:sort(echo(Sink, Bin, N)),
    [lists:nth(N div 2 + 1, Times), lists:nth(N * 99 div 100 + 1, Times)].

send(_, _, 0) -> ok;
send(Sink, Bin, N) -> Sink ! {data, Bin}, send(Sink, Bin, N - 1).

echo(_, _, 0) -> [];
echo(Sink, Bin, N) ->
    Start = erlang:monotonic_time(nanosecond),
    Sink ! {echo, self(), Bin},
    receive {data, _} -> ok end,
    Time = erlang:monotonic_time(nanosecond) - Start,
    [Time | echo(Sink, Bin, N - 1)].

sink() ->
    receive
        {count, From, N} -> count(N), From ! done;
        {echo, From, Bin} -> From ! {data, Bin}
    end,
    sink().

count(0) -> ok;
count(N) -> receive {data, _} -> count(N - 1) end.
