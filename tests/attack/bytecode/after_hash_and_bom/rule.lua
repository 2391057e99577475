#!/usr/bin/luajit
LJ