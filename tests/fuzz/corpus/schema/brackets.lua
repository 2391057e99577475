return { labels = --[==[ return { ]]
 ]==] { A = [[x]] } }