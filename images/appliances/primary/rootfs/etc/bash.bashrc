# Read by every interactive bash.
case $- in *i*) ;; *) return ;; esac
shopt -s checkwinsize histappend
HISTCONTROL=ignoreboth HISTSIZE=5000
# The firmware's supervisor is told once that the prompt is up; then it switches the compiler of code on.
if [ ! -e /run/hyperspace.ready ]; then
  PROMPT_COMMAND='unset PROMPT_COMMAND; : >/run/hyperspace.ready; hv ready >/dev/null 2>&1'
fi
PS1='$(s=$?; [ $s = 0 ] || printf "\[\e[31m\]%s " $s)\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
alias ls='ls --color=auto' ll='ls -l' la='ls -la' grep='grep --color=auto'
