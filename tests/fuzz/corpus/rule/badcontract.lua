return { name=1, params={a={type="int"}}, reads={Account="x"}, decisions={1}, fallback="z", evaluate=1, extra=2 }
