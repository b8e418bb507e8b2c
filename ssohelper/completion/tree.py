"""The command tree as text. Made by `python -m tests.completion_tree`: do not edit.

`[path] help` begins a command, `*` the options that "+" stands for; `NAMES=KIND* help` is an option
(a flag without KIND, "*" when it may come again), `<KIND*` an argument ("*": any number of them).
"""

TREE = """\
[*]
-v/--verbose* Log to stderr; -vv also each call to AWS.
--json Print one JSON object.
--session=session The sso-session to use.
-h/--help Show the help and exit.
[]
+
--version Show the version and exit.
[setup] Onboard in one command: sign in, list, write profiles
+
<files
--region=region The region of your Identity Center.
--name-template=text Default: {account_name}.{role_name}
--form=words:process,sso process: profiles call ssohelper; sso: for hosts that do not have it.
--account=account_glob* Only accounts of this name or id; !GLOB: not these. Repeatable.
--role=role_glob* Only roles of this name; !GLOB: not these. Repeatable.
--device-code Confirm a code in a browser on any machine.
--no-browser Print the address, open nothing.
--yes Do not ask before writing.
[login] Sign in to a session and keep its token
+
<session
--device-code Confirm a code in a browser on any machine.
--no-browser Print the address, open nothing.
--qr Show the address as a QR code too.
--force Sign in even if the present sign-in still lasts.
--yes Also keep the sign-in of another person than last time.
--min=text How long the present sign-in must still last.
[logout] Sign out of a session, here and at AWS
+
<session
--all Sign out of every session.
[status] Show the three clocks of each session
+
<session
--check Exit 4 when a person will be needed soon.
--min=text With --check: how soon.
[list] List the accounts and roles you may use
+
<query*
--accounts Accounts alone, each with its roles.
--refresh Ask AWS, even when the saved list is young.
[favourite] Manage the roles that come first in lists
+
[favourite add] Make a role a favourite.
+
<profile
[favourite list] Print the favourites: session, account id and role.
+
[favourite rm] Remove a role from the favourites.
+
<profile
[profile] Write, list, add, remove or undo profiles
+
[profile add] Add a profile for one role, also for one whose profile you removed.
+
<address
--name=text The profile's name. Default: from the template.
--form=words:process,sso process: profiles call ssohelper; sso: for hosts that do not have it.
--region=region The profile's region.
--dry-run Print the diff only.
--yes Do not ask.
[profile list] Print the profiles in ~/.aws/config and the roles they point at.
+
[profile rm] Remove managed profiles. sync does not add them again, add does.
+
<managed_profile*
--dry-run Print the diff only.
--yes Do not ask.
[profile show] Print one profile: its role, its keys, and its line in the file.
+
<any_profile
[profile sync] Write a profile for each role, or for the roles that match filters.
+
--account=account_glob* Only accounts of this name or id; !GLOB: not these. Repeatable.
--role=role_glob* Only roles of this name; !GLOB: not these. Repeatable.
--form=words:process,sso process: profiles call ssohelper; sso: for hosts that do not have it.
--name-template=text Default: {account_name}.{role_name}
--default-region=region The region of new profiles.
--rename Rename profiles as the template names new ones.
--prune Remove managed profiles whose role is gone.
--refresh Ask AWS, even when the saved list is recent.
--dry-run Print the diff only.
--yes Do not ask.
[profile undo] Restore ~/.aws/config as it was before the last writing command.
+
--redo Reverse the last undo.
--dry-run Print the diff only.
--yes Do not ask.
[use] Switch this shell to a profile
+
<profile
--keys Export fixed keys with their end, no profile.
--yes Add a profile for a role that has none, unasked.
[clear] Undo use: this shell's environment as it was
+
[exec] Run a command with credentials of a role
+
<profile
--server Give it an endpoint that renews, not fixed keys.
--hold Wait for a sign-in, here and in what it runs.
[env] Print exports of fixed keys, for eval
+
<profile
--shell=words:bash,zsh,fish,pwsh,sh Whose quoting; bash's is every POSIX shell's.
--format=words:env,json Exports, or one JSON object of the variables.
--reveal Print the secrets although this is a terminal.
[shell-init] Print the shell function to eval
+
<words:bash,zsh,fish,pwsh
--cmd=text Another name.
[install] Set up your shell for ssohelper, or undo that
+
--shell=words:bash,zsh,fish,pwsh The shell. Default: from SHELL.
--uninstall Remove exactly what install wrote.
--dry-run Print the diff only.
--yes Do not ask.
[completion] Print the completion script of a shell
+
<words:bash,zsh,fish,pwsh
[whoami] Show which account and role a profile is
+
<profile
[serve] Serve a role's credentials to containers and jobs
+
<profile
--port=text Listen on this port of 127.0.0.1.
--env-file=files Write address and token there, for containers; the token is new at ea…
--token-folder=text Keep the token in DIR/token, for containers that mount DIR; it reache…
--socket=files Answer on a socket file, for containers that mount it.
[console] Open the AWS console as a profile's role
+
<profile
--service=words:acm,apigateway,apigw,appsync,athena,backup,batch,bedrock,billing,ce,cfn,cloudformation,cloudfront,cloudshell,cloudtrail,cloudwatch,codebuild,codecommit,codepipeline,cognito,config,cw,ddb,dms,dynamodb,ebs,ec2,ecr,ecs,efs,eks,elasticache,elb,elbv2,emr,eventbridge,events,fsx,glue,guardduty,health,home,iam,kinesis,kms,lambda,logs,msk,opensearch,organizations,parameters,r53,ram,rds,redshift,route53,s3,sagemaker,secretsmanager,securityhub,service-quotas,ses,sfn,sns,sqs,ssm,sso,stepfunctions,support,trustedadvisor,vpc,wafv2,xray The page to open: ec2, s3, logs, iam, …
--region=region The region to open; else the profile's.
--print Print the portal's link, open nothing.
[credential-process] Print credentials for an SDK (profiles in ~/.aws/config call this)
+
--profile=profile A profile in ~/.aws/config.
--account-id=account_id 12 digits.
--role-name=role The permission set's name.
[prompt] Print one line for a prompt: profile and time left
+
--format=text The line, with {fields} in it.
[config] Get and set ssohelper's own settings
+
[config get] Print the value of KEY that applies.
+
<words:default_region,form,guard.rules,name_template,notify,renew_ahead,session_hours,sessions.*.browser,sessions.*.session_hours,sessions.*.wait_for_sign_in,storage,theme,wait_for_sign_in
[config list] Print all settings, each with its origin.
+
[config path] Print the path of the settings file, whether it exists or not.
+
[config set] Set KEY in the file.
+
<words:default_region,form,guard.rules,name_template,notify,renew_ahead,session_hours,sessions.*.browser,sessions.*.session_hours,sessions.*.wait_for_sign_in,storage,theme,wait_for_sign_in
<text*
--default Remove KEY from the file.
[cache] List or clear what is kept on this machine
+
[cache clear] Remove role credentials and saved listings; sign-ins stay.
+
--yes Do not ask.
[cache list] Print what is kept, where, and how long it lasts.
+
[demo] Try everything on a local Identity Center, no AWS needed
+
[emulator] Run that local Identity Center by itself
+
[emulator serve] Serve an emulated Identity Center until Ctrl-C.
+
--port=text 0: any free port.
--world=files A world file.
--ready-file=files Written when it listens.
"""
