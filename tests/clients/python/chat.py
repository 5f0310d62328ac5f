"""Drives a chat platform's client library against a sink, and says what its user meets.

usage: chat.py telegram|slack BASE_URL     (prints one JSON line: a list of [step, what came of it])
"""

import json
import sys
import time

CHAT = 42
CHANNEL = "C0123456789"

# Longer than a window of the sink as the test sets it up.
PAUSE = 0.15
# Posts at most until one is early.
FLOOD_MAX = 50


def telegram(base_url, tell):
    import asyncio

    import telegram
    from telegram.error import RetryAfter, TelegramError

    async def run():
        bot = telegram.Bot("7:key", base_url=base_url)

        async def step(name, call):
            try:
                told = await call
                tell(name, told if isinstance(told, (bool, str)) else told.text)
                return told
            except TelegramError as failure:
                tell(name, said(failure))
                return failure

        async with bot:  # Asks `getMe`.
            tell("name", bot.username)
            message = await step("post", bot.send_message(CHAT, "hello"))
            await asyncio.sleep(PAUSE)
            await step("edit", message.edit_text("hello, world"))
            await asyncio.sleep(PAUSE)
            await step("same", message.edit_text("hello, world"))
            await asyncio.sleep(PAUSE)
            html = message.edit_text("<b>hello</b> &amp; goodbye", parse_mode="HTML")
            await step("markup", html)
            await asyncio.sleep(PAUSE)
            await step("bad markup", message.edit_text("<b>hello", parse_mode="HTML"))
            await asyncio.sleep(PAUSE)
            await step("too long", bot.send_message(CHAT, "a" * 4097))
            await asyncio.sleep(PAUSE)
            await step("empty", bot.send_message(CHAT, " "))
            await asyncio.sleep(PAUSE)
            gone = bot.edit_message_text("a", chat_id=CHAT, message_id=999)
            await step("unknown", gone)
            await step("typing", bot.send_chat_action(CHAT, "typing"))
            await asyncio.sleep(PAUSE)
            # One after the other, until one is early.
            for _ in range(FLOOD_MAX):
                try:
                    await bot.send_message(CHAT, "flood")
                except RetryAfter as failure:
                    wait = failure.retry_after
                    tell("flood", said(failure))
                    break
            # As its documentation says: wait for so long, and again.
            await asyncio.sleep(getattr(wait, "total_seconds", lambda: wait)())
            await step("after", bot.send_message(CHAT, "after the flood"))
            await asyncio.sleep(PAUSE)
            await step("delete", message.delete())

    asyncio.run(run())


def slack(base_url, tell):
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

    client = WebClient(token="xoxb-key", base_url=base_url)

    def step(name, call, **parameters):
        try:
            told = call(**parameters)
            text = told.get("text") or told.get("message", {}).get("text")
            tell(name, text if text is not None else True)
            return told
        except SlackApiError as failure:
            tell(name, said(failure))
            return failure.response

    tell("name", client.auth_test()["user"])
    post, update = client.chat_postMessage, client.chat_update
    message = step("post", post, channel=CHANNEL, text="hello")
    at = {"channel": CHANNEL, "ts": message["ts"]}
    step("edit", update, text="hello, world", **at)
    step("same", update, text="hello, world", **at)
    step("blocks", update, text="", blocks=[{"type": "divider"}], **at)
    step("too long", update, text="a" * 4001, **at)
    step("unknown", update, channel=CHANNEL, ts="1700000000.000001", text="a")
    time.sleep(PAUSE)
    step("empty", post, channel=CHANNEL)
    # One after the other, until one is early.
    time.sleep(PAUSE)
    for _ in range(FLOOD_MAX):
        try:
            post(channel=CHANNEL, text="flood")
        except SlackApiError as failure:
            response = failure.response
            tell("flood", said(failure))
            tell("status", [response.status_code, response.headers["Retry-After"]])
            break
    # Its own handler waits as it is told, and does it.
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    step("retried", post, channel=CHANNEL, text="after the flood")
    time.sleep(PAUSE)
    # Its own helper for streams.
    stream = client.chat_stream(
        channel=CHANNEL,
        thread_ts=message["ts"],
        recipient_team_id="T1",
        recipient_user_id="U1",
        buffer_size=8,
    )
    for word in ("It ", "is ", "raining ", "cats ", "and ", "dogs."):
        stream.append(markdown_text=word)
    step("stream", stream.stop)
    streamed = {"channel": CHANNEL, "ts": stream.ts}
    step("stream is over", client.chat_appendStream, markdown_text="!", **streamed)
    step("delete", client.chat_delete, **at)


def said(failure):
    kind, text = type(failure).__name__, str(failure)
    response = getattr(failure, "response", None)
    return f"{kind}: {text if response is None else response['error']}"


def main():
    platform, base_url = sys.argv[1:]
    told = []
    {"telegram": telegram, "slack": slack}[platform](
        base_url, lambda name, what: told.append([name, what])
    )
    sys.stdout.write(json.dumps(told) + "\n")


main()
