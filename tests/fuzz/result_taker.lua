-- Takes parameters of every type and sends them back; fuzz_result.c.
local names = { 'b', 'i', 'n', 's', 'c', 'd', 't', 'li', 'ls', 'lb', 'ln', 'ld' }
return { name = 'taker', reads = {}, decisions = { 'yes' }, fallback = 'none',
  params = {
    b = { type = 'boolean' }, i = { type = 'integer', min = -2 ^ 53, max = 2 ^ 53 },
    n = { type = 'number' }, s = { type = 'string', max = 4096 },
    c = { type = 'string', choices = { 'one', 'two' } }, d = { type = 'duration' },
    t = { type = 'timestamp' }, li = { type = 'list', element = 'integer' },
    ls = { type = 'list', element = 'string', max = 100 },
    lb = { type = 'list', element = 'boolean' },
    ln = { type = 'list', element = 'number' },
    ld = { type = 'list', element = 'duration' } },
  evaluate = function(_, request)
    local output = {}
    for _, name in ipairs(names) do output[name] = request.params[name] end
    return { decision = 'yes', output = output }
  end }
