"""What makes `manage.py migrate` safe beside a running site, and beside others like it."""
