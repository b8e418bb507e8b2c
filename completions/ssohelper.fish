# Completion of ssohelper for fish. fish quotes what it inserts; nothing on the line is run.
function __ssohelper_complete
    set -l token (commandline -ct)
    set -l answer (command ssohelper-credentials completion --answer fish "$token" (commandline -opc) 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path "$token"
        case folders
            __fish_complete_directories "$token"
        case command
            # Completes the words after `exec PROFILE --` as the command that begins there would be.
            complete -C (string replace -r '^.*?\s--\s+' '' -- (commandline -cp | string collect))
        case words
            set -e answer[1]
            string join \n -- $answer
    end
end

complete -c ssohelper -e
complete -c ssohelper -f -a '(__ssohelper_complete)'
