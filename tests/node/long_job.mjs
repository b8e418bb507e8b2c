// Calls STS with the default credentials for so many seconds; prints calls, failures and accounts.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const endsAt = Date.now() + 1000 * Number(process.argv[2]);
const client = new STSClient({ maxAttempts: 1 });
const failures = [];
const accounts = new Set();
let calls = 0;
do {
  try {
    const { Account } = await client.send(new GetCallerIdentityCommand({}));
    accounts.add(Account);
  } catch (error) {
    failures.push(`${error.name}: ${error.message}`);
  }
  calls += 1;
  await new Promise((resolve) => setTimeout(resolve, 300));
} while (Date.now() < endsAt);
console.log(JSON.stringify({ calls, failures, accounts: [...accounts] }));
