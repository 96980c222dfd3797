%% Who owns a key, as `beamport run` has the VM publish it: maps:get(whois, persistent_term:get(beamport)).
%%
%% Bound: Ring, the nodes by the places of their points. A key belongs to the first point at its hash or after it,
%% going round; of an atom libring hashes the external form.
fun(Key) ->
    Hashed = if is_atom(Key) -> term_to_binary(Key); true -> Key end,
    Place = erlang:phash2(Hashed, 1 bsl 32 - 1),
    case gb_trees:next(gb_trees:iterator_from(Place, Ring)) of
        {_, Owner, _} -> Owner;
        none ->
            case gb_trees:is_empty(Ring) of
                true -> undefined;
                false -> element(2, gb_trees:smallest(Ring))
            end
    end
end.
