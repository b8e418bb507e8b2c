// Prints, as one JSON line, who the default STS client is with a profile's credentials.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni, fromSSO } from "@aws-sdk/credential-providers";

const [way, profile] = process.argv.slice(2);
const credentials = way === "sso" ? fromSSO({ profile }) : fromIni({ profile });
const client = new STSClient({ region: "us-east-1", credentials });
try {
  const { Arn, Account } = await client.send(new GetCallerIdentityCommand({}));
  const { expiration } = await client.config.credentials();
  console.log(JSON.stringify({ Arn, Account, expiration }));
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
}
