"""Loaded by a Python that is started: the ports of TEST_PORT_MAP lead elsewhere, as map-ports.mjs does it for Node."""

import json
import os
import socket

ports = json.loads(os.environ.get("TEST_PORT_MAP", "{}"))
connect = socket.create_connection


def create_connection(address, *others, **named):
    host, port = address
    return connect((host, ports.get(str(port), port)), *others, **named)


socket.create_connection = create_connection
