return { name="loop", reads={}, decisions={"a"}, fallback="a", evaluate=function() while true do pcall(error) end end }
