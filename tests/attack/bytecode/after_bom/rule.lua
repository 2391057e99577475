LJ
evil