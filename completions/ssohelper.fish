# Completion of ssohelper for fish: fish quotes what it inserts, and nothing on the line is run.
function __ssohelper_complete
    set -l token (commandline -ct)
    set -l said (command ssohelper-credentials completion --answer fish "$token" (commandline -opc) 2>/dev/null)
    switch "$said[1]"
        case files
            __fish_complete_path "$token"
        case folders
            __fish_complete_directories "$token"
        case command
            # After `exec PROFILE --` stands a command: completed as that command by itself would be.
            complete -C (string replace -r '^.*?\s--\s+' '' -- (commandline -cp | string collect))
        case words
            set -e said[1]
            string join \n -- $said
    end
end

complete -c ssohelper -e
complete -c ssohelper -f -a '(__ssohelper_complete)'
