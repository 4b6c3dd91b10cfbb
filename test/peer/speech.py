"""usage: speech.py FILE      what a user says in a whole conversation, for conversation.sh and proxy.sh: a greeting and
time for the answer, a request and time for the agent, an interruption of the result.
"""
import sys
import wave

with wave.open(sys.argv[1], "wb") as out:
    out.setparams((1, 2, 24000, 0, "NONE", ""))
    for name, quiet in (("hello", 2.5), ("count", 3.0), ("thanks", 0.7)):
        with wave.open("test/vectors/speech/%s.wav" % name) as part:
            out.writeframes(part.readframes(part.getnframes()))
        out.writeframes(bytes(int(24000 * quiet) * 2))
