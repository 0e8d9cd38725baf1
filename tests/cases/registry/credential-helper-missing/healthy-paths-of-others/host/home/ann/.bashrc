export PATH="$HOME/tools:$PATH"
