-- Arrays of numbers: sums, means, a moving maximum.
return function()
    local series = {}
    for i = 1, 2000 do
        series[i] = (i * 7919 % 1000) / 8
    end
    local total = 0
    for turn = 1, 12 do
        local sum, squares, peak = 0, 0, 0
        for i = 1, #series do
            local x = series[i]
            sum = sum + x
            squares = squares + x * x
            if x > peak then
                peak = x
            end
            series[i] = x * 0.5 + turn
        end
        total = total + squares / #series - (sum / #series) ^ 2 + peak
    end
    return total
end
