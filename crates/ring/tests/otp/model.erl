-module(model).
-export([answer/1]).

%% libring's algorithm in Erlang: what HashRing.add_node/3, remove_node/2, key_to_node/2 and key_to_nodes/3 do.

-define(RANGE, 4294967295).

%% Histories with the keys to ask each of them about; the answers to those.
answer(Cases) ->
    [begin
        Ring = lists:foldl(fun change/2, {gb_trees:empty(), []}, History),
        {element(2, Ring), [asked(Ring, Encoding, Key, Count) || {Key, Count} <- Keys]}
     end || {Encoding, History, Keys} <- Cases].

change({add, Node, Weight}, {Tree, Nodes} = Ring) ->
    case lists:member(Node, Nodes) of
        true -> Ring;
        false -> {insert(Node, 1, Weight, Tree), [Node | Nodes]}
    end;
change({remove, Node}, {Tree, Nodes}) ->
    Left = [Point || {_, Owner} = Point <- gb_trees:to_list(Tree), Owner =/= Node],
    {gb_trees:from_orddict(Left), Nodes -- [Node]}.

insert(_, I, Weight, Tree) when I > Weight -> Tree;
insert(Node, I, Weight, Tree) ->
    Next = try gb_trees:insert(erlang:phash2({Node, I}, ?RANGE), Node, Tree)
           catch error:{key_exists, _} -> Tree
           end,
    insert(Node, I + 1, Weight, Next).

asked({_, []}, _, _, _) -> none;
asked({Tree, Nodes}, Encoding, Key, Count) ->
    case gb_trees:is_empty(Tree) of
        true -> none;
        false -> {key_to_node(Tree, Encoding, Key), key_to_nodes(Tree, Nodes, Key, Count)}
    end.

key_to_node(Tree, Encoding, Key) when is_atom(Key) -> key_to_node(Tree, Encoding, encoded(Encoding, Key));
key_to_node(Tree, _, Key) ->
    case gb_trees:next(gb_trees:iterator_from(erlang:phash2(Key, ?RANGE), Tree)) of
        {_, Node, _} -> Node;
        none -> element(2, gb_trees:smallest(Tree))
    end.

%% What term_to_binary/1 makes of an atom, in this release or another.
encoded(from_26, Atom) -> term_to_binary(Atom, [{minor_version, 2}]);
encoded(up_to_25, Atom) -> term_to_binary(Atom, [{minor_version, 1}]).

key_to_nodes(Tree, Nodes, Key, Count) ->
    case gb_trees:next(gb_trees:iterator_from(erlang:phash2(Key, ?RANGE), Tree)) of
        {_, Node, More} -> more(More, min(length(Nodes), Count) - 1, [Node]);
        none -> [element(2, gb_trees:smallest(Tree))]
    end.

more(_, 0, Found) -> lists:reverse(Found);
more(Iterator, Count, Found) ->
    case gb_trees:next(Iterator) of
        {_, Node, More} ->
            case lists:member(Node, Found) of
                true -> more(More, Count, Found);
                false -> more(More, Count - 1, [Node | Found])
            end;
        none -> Found
    end.
