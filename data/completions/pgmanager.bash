# Completion of pgmanager for bash. What there is to complete is asked of the program:
# its --help is the only list of commands and options.

_pgmanager_help() {
  LC_ALL=C LANGUAGE= PAGER= command "${COMP_WORDS[0]}" "$@" --help 2>/dev/null
}

# Names under "Commands:", "Actions:" or "Parts:".
_pgmanager_names() {
  _pgmanager_help "$@" | sed -n '/^\(Commands\|Actions\|Parts\):$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# "--option" or "--option=" where it takes a value.
_pgmanager_options() {
  _pgmanager_help "$@" | sed -n 's/^  \(-[a-zA-Z], \)\{0,1\}\(--[a-z][a-z-]*=\{0,1\}\).*/\2/p'
}

# The placeholder of an option: "table|json", "FILE", "ID".
_pgmanager_placeholder() {
  local option=$1
  shift
  _pgmanager_help "$@" | sed -n "s/^  \(-[a-zA-Z], \)\{0,1\}$option=\([^ ]*\).*/\2/p"
}

_pgmanager_jobs() {
  command "${COMP_WORDS[0]}" status 2>/dev/null | sed -n 's/^Job  *\([^ ]*\) (.*/\1/p'
}

_pgmanager_value() {
  local option=$1 placeholder
  shift
  placeholder=$(_pgmanager_placeholder "$option" "$@")
  case $placeholder in
    FILE) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")) ;;
    ID) COMPREPLY=($(compgen -W "$(_pgmanager_jobs)" -- "$cur")) ;;
    *'|'*) COMPREPLY=($(compgen -W "${placeholder//|/ }" -- "$cur")) ;;
  esac
}

_pgmanager() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} names
  local -a path=()
  COMPREPLY=()

  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "$(_pgmanager_names) $(_pgmanager_options)" -- "$cur"))
    return
  fi
  path=("${COMP_WORDS[1]}")
  names=$(_pgmanager_names "${path[@]}")
  if [[ -n $names ]]; then
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W "$names" -- "$cur"))
      return
    fi
    path+=("${COMP_WORDS[2]}")
  fi
  # bash breaks words at "=".
  if [[ $cur == = ]]; then
    cur=
    _pgmanager_value "$previous" "${path[@]}"
  elif [[ $previous == = ]]; then
    _pgmanager_value "${COMP_WORDS[COMP_CWORD-2]}" "${path[@]}"
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$(_pgmanager_options "${path[@]}")" -- "$cur"))
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ ${path[0]} == logs ]]; then
    COMPREPLY=($(compgen -W "$(_pgmanager_jobs)" -- "$cur"))
  fi
}

complete -F _pgmanager pgmanager
