return { name="p", reads={}, fallback="none", evaluate=function() leaked=1 return { output=(("a"):rep(30)):find(("a?"):rep(26)..("a"):rep(26).."b") } end }
