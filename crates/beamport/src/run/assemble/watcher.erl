%% What `beamport run` has its VM run: expressions for erl_eval, so that no module has to be loaded.
%%
%% Bound: Owner, the mailbox of `beamport run`, and Whois, expressions that make a function of a ring. Owner is told
%%     {begun, Release, Nodes}                             OTP's release, the visible nodes that are connected
%%     {up, Node}, {down, Node, Reason}                    visible nodes that come and go
%%     {dialled, Node, IsConnected}                        what came of a dial
%%     {heard, Node, Message}                              what the watcher of another node sent
%% and asks for
%%     {Owner, dial, Node}
%%     {Owner, open}                                       let the applications start
%%     {Owner, tell, Node, Message}
%%     {Owner, ring, Points}                               the ring has these, in ascending order
%%     {Owner, publish, Map}                               persistent_term:get(beamport) is to give this, and the ring
%%     {Owner, notify, Module, From, To}                   call the listener

Self = self(),

%% Its own output, should there be any, goes where the VM's does.
case whereis(user) of
    undefined -> ok;
    User -> group_leader(User, Self)
end,

%% One that an earlier `beamport run`, or an earlier connection of it, has left goes.
Succeed = fun Succeed() ->
    case whereis(beamport) of
        undefined ->
            try register(beamport, Self) catch error:badarg -> Succeed() end;
        Other ->
            Monitor = erlang:monitor(process, Other),
            exit(Other, kill),
            receive {'DOWN', Monitor, process, Other, _} -> Succeed() end
    end
end,
Succeed(),

%% The process that holds the boot waits in kernel_config for the last of the nodes that are mandatory. It is not
%% there yet when the VM has only just begun.
Open = fun Open() ->
    Held = [Pid || Pid <- processes(),
        process_info(Pid, current_function) =:= {current_function, {kernel_config, rec_nodes, 2}}],
    case {Held, init:get_status()} of
        {[], {starting, _}} -> receive after 2 -> Open() end;
        _ -> [Pid ! {nodeup, 'gate@beamport'} || Pid <- Held]
    end
end,

%% Calls the listener in order, in a process of its own: what it does, or does not do, concerns nobody else.
Listen = fun Listen() ->
    receive
        {Module, From, To, State} ->
            _ = code:ensure_loaded(Module),
            try
                case erlang:function_exported(Module, on_state_change, 2) of
                    true -> Module:on_state_change(From, State);
                    false -> Module:on_state_change(From, To, State)
                end
            catch
                Class:Reason ->
                    error_logger:error_msg("~p:on_state_change failed: ~p:~p~n", [Module, Class, Reason])
            end,
            Listen()
    end
end,
Listener = spawn_link(Listen),

Watch = fun Watch(Ring) ->
    receive
        {nodeup, Node, _} ->
            Owner ! {up, Node};
        {nodedown, Node, Info} ->
            Owner ! {down, Node, proplists:get_value(nodedown_reason, Info, nodedown)};
        {beamport, Node, Message} ->
            Owner ! {heard, Node, Message};
        {Owner, dial, Node} ->
            spawn(fun() -> Owner ! {dialled, Node, net_kernel:connect_node(Node)} end);
        {Owner, open} ->
            spawn(Open);
        {Owner, tell, Node, Message} ->
            erlang:send({beamport, Node}, {beamport, node(), Message}, [noconnect]);
        {Owner, ring, Points} ->
            Watch(gb_trees:from_orddict(Points));
        {Owner, publish, Map} ->
            {value, Function, _} = erl_eval:exprs(Whois, [{'Ring', Ring}]),
            persistent_term:put(beamport, Map#{ring => Ring, whois => Function});
        {Owner, notify, Module, From, To} ->
            Listener ! {Module, From, To, persistent_term:get(beamport)};
        {'DOWN', _, process, Owner, _} ->
            exit(normal);
        _ ->
            ok
    end,
    Watch(Ring)
end,

erlang:monitor(process, Owner),
ok = net_kernel:monitor_nodes(true, [nodedown_reason]),
Owner ! {begun, erlang:system_info(otp_release), nodes()},
Watch(gb_trees:empty()).
