LJ
evilevil