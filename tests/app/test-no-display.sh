#!/bin/sh
# Without a display the window says so in words and with a status of its own:
# test-no-display.sh PGMANAGER-GTK PGMANAGER
gtk=$1
cli=$2
unset DISPLAY WAYLAND_DISPLAY
number=0
echo 1..6

ok() { # condition's status, name
  number=$((number + 1))
  [ "$1" = 0 ] && echo "ok $number - $2" || echo "not ok $number - $2"
}

text=$("$gtk" --demo 2>&1)
status=$?
ok "$([ $status = 6 ]; echo $?)" "exit status 6, not $status"
case $text in *"there is no display"*Hint:*"pgmanager demo"*) found=0 ;; *) found=1 ;; esac
ok $found "says that there is no display and what to do"

text=$(DISPLAY=:4711 "$gtk" 2>&1)
status=$?
ok "$([ $status = 6 ]; echo $?)" "a display that is not there: exit status 6, not $status"
case $text in *:4711*Hint:*) found=0 ;; *) found=1 ;; esac
ok $found "names the display"

"$gtk" --version 2>/dev/null | grep -q '^pgmanager-gtk [0-9]'
ok $? "--version needs no display"

text=$("$cli" demo --gui 2>&1)
status=$?
case $status:$text in 6:*"there is no display"*) found=0 ;; *) found=1 ;; esac
ok $found "pgmanager demo --gui ends the same way"
