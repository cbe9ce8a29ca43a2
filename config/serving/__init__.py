"""What stands between gunicorn and Django; gunicorn's settings are `config/gunicorn.py`.

starting      what has to be there before the first process starts
worker        when a connection gets one of the threads
arriving      what has come of a request so far
visitor       how long a thread waits for whoever sends a body, or reads an answer
health        what a load balancer is told
static_files  what collectstatic makes of them, and at which address each is found
draining      how the server announces its end, and then ends
"""
