#!/usr/bin/lua
LJ
evil