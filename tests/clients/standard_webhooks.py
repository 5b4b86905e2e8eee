"""Judge signed requests with the library of the Standard Webhooks project: a plan goes in, verdicts come out."""

import base64
import json
import sys

from standardwebhooks.webhooks import Webhook

verdicts = []
for each in json.loads(sys.argv[1])["requests"]:
    try:
        Webhook(each["secret"]).verify(base64.b64decode(each["body"]), each["headers"])
        verdicts.append("valid")
    except Exception as error:
        verdicts.append(f"{type(error).__name__}: {error}")
print(json.dumps(verdicts))
