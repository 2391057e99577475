return { name="plain", reads={}, fallback="none", evaluate=function(_, request) return { output = request.now } end }
