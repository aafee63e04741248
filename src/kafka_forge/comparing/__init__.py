"""Two packages of anybody's come in; what differs between them goes out, as text, JSON and a page.

They are installed as an audit installs them, looked at by what inspects artifacts, and set beside one another.
"""
