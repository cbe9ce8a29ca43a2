"""What gunicorn serves."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from config.charsets import Request
from config.env import SettingError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    application = get_wsgi_application()
    application.request_class = Request
except SettingError as error:
    sys.exit(str(error))
