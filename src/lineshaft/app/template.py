"""The file that a new project begins with: every key, with what it is for."""

from __future__ import annotations

import json
import re

TEMPLATE = """\
# Lineshaft: one plant, one task, one node. Relative paths start at this file's folder.
# Check it with `lineshaft run --check`; run it with `lineshaft run`.

# Samples and decisions are kept in this folder; the key signs bundles (made on first use).
history = "history"
key = "keys/lineshaft.key"

[plant]
name = "{name}"
# opc.tcp://host:port/path, or a CSV or Parquet file. `lineshaft tag browse` shows what is there.
source = "{source}"

# [plant.options]                      # options of the OPC UA connector
# security = "Basic256Sha256-SignAndEncrypt"
# pki = "keys/pki"                     # our certificate is made here; put the server's into keys/pki/trusted
# user = "lineshaft"                   # the password comes from the environment: LINESHAFT_PASSWORD

[tasks.{loop}]
task = "monitor"                       # what the model is for; docs/tasks.md names them all
tags = ["*"]                           # patterns of tag paths
leave-out = []
period = "{period}"                    # one decision each
learn = "{learn}"                      # so much normal operation is recorded before the first training;
                                       # "by hand": people train, and nothing decides before they deploy it
# priority = "medium"                  # of its alarm: high, medium or low (ISA-18.2)
# stale = "3s"                         # a value older than this is masked; three periods unless said
# modes = ["hall1/cell1/mode"]         # tags that say the operating mode; found in the data unless said
# mode-learner = "auto"                # who finds modes that no tag says; "one" for none
# learner = "auto"                     # or zscore, neighbours, pca, dpca, cva, autoencoder
# false-alarm-rate = 2e-5              # the stated chance that one normal tick is over the limit
# target = "pc"
# deadline = "10ms"
# memory-mib = 256

# [tasks.{loop}.limits]                # what alarms when no bundle can decide: low and high per tag
# "hall1/cell1/P101/flow" = [10.0, 120.0]

[node]
name = "node1"
folder = "node"
control-port = 8421                    # metrics, health, alarms and commands, on 127.0.0.1 only
opcua-port = 4841                      # decisions as an OPC UA server

# [console]                            # the pages in the browser, which `lineshaft run` serves
# port = 8420                          # http://127.0.0.1:8420
# users = true                         # everybody logs in: lineshaft console user add anna --role engineer
# host = "0.0.0.0"                     # other machines too: then users and a certificate are wanted
# certificate = "keys/console.crt"
# private-key = "keys/console.key"
# names = ["line1.example"]            # by which browsers on other machines call it
# behind = "proxy"                     # a proxy before us has the certificate
# idle = "12h"                         # who asks nothing for so long has to log in again

# [console.oidc]                       # people log in at the company's own service
# issuer = "https://login.example/realms/works"
# client-id = "lineshaft"
# roles = {{ shift-leads = "engineer" }} # its groups, and what they are here: viewer, operator, engineer, admin
"""


def template(source: str = "opc.tcp://127.0.0.1:4840/", *, name: str = "works/hall1", loop: str = "cell",
             period: str = "1s", learn: str = "30min") -> str:
    """A commented file that ``config.load`` accepts."""
    words = {"source": source, "name": name, "period": period, "learn": learn}
    quoted = {key: json.dumps(word, ensure_ascii=False)[1:-1] for key, word in words.items()}
    return TEMPLATE.format(loop=loop if re.fullmatch(r"[\w-]+", loop, re.ASCII) else json.dumps(loop), **quoted)
