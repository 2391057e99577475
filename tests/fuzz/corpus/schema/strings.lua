return { 'a\
', "b\"", [=[ ]] ]=], labels = 7 }