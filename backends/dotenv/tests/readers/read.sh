# Prints what a shell reads from every *.env file of a folder: one line FILE<tab>NAME<tab>VALUE per variable that is
# set. Usage: read.sh FOLDER NAME...
folder=$1
shift
for file in "$folder"/*.env; do
    (
        unset "$@"
        set -a
        # shellcheck disable=SC1090
        . "$file"
        set +a
        for name in "$@"; do
            eval "if [ \"\${$name+set}\" ]; then printf '%s\\t%s\\t%s\\n' \"\${file##*/}\" $name \"\$$name\"; fi"
        done
    )
done
