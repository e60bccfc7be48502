# Read by every interactive bash.
case $- in *i*) ;; *) return ;; esac
shopt -s checkwinsize histappend
HISTCONTROL=ignoreboth HISTSIZE=5000
# The firmware's supervisor is told once that the prompt is up; then it switches the compiler of code on.
if [ ! -e /run/hyperspace.ready ]; then
  PROMPT_COMMAND='unset PROMPT_COMMAND; : >/run/hyperspace.ready; hv ready >/dev/null 2>&1'
fi
# The name as it is now: \h is the one of this shell's start, and a copy of this machine has another.
PS1='$(s=$?; [ $s = 0 ] || printf "\[\e[31m\]%s " $s; read -r h </proc/sys/kernel/hostname; printf "\[\e[1;32m\]\u@%s" "$h")\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
alias ls='ls --color=auto' ll='ls -l' la='ls -la' grep='grep --color=auto'
