"""Sends what comes on standard input as a mail: a `notify_command` for the shipped unit, in which `mail` and `sendmail` hang.
They hand mail to a program with rights of its own (setgid), which NoNewPrivileges takes away; this speaks SMTP to a server.
Not here: when somebody is told (notify.py).
"""

from __future__ import annotations

import smtplib
import socket
import sys
from email.message import EmailMessage

import click


@click.command()
@click.argument("receivers", nargs=-1, required=True)
@click.option("--host", default="localhost", show_default=True, help="The mail server.")
@click.option("--port", default=25, show_default=True)
@click.option("--sender", default=None, help="The address it comes from.  [default: arsverk@ this machine]")
def main(receivers: tuple[str, ...], host: str, port: int, sender: str | None) -> None:
    """Mail the text of standard input to RECEIVERS; its first line is the subject.

    \b
    For instance, in arsverk.toml:
      notify_command = ["/opt/arsverk/.venv/bin/python", "-m", "orchestration.mail", "drift@kommune.example"]
    """
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    message = EmailMessage()
    message["Subject"] = f"årsverk: {text.strip().partition(chr(10))[0][:150]}"
    message["From"] = sender or f"arsverk@{socket.getfqdn()}"
    message["To"] = ", ".join(receivers)
    message.set_content(text)
    with smtplib.SMTP(host, port, timeout=20) as server:
        server.send_message(message)


if __name__ == "__main__":
    main()
