"""How dates are written where a template does not say: short, with 24 hours, as times are UTC."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
