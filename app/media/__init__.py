"""FFmpeg: probe, scene clip, captions, soundtrack, assemble, output gate.

Files in, files out; knows neither database nor queue. Errors are `app.domain.errors`.
"""
