import gc

from app import create_app
from app.config import SettingsError

try:
    app = create_app()
except SettingsError as error:
    raise SystemExit(str(error)) from None
gc.collect()
gc.freeze()  # what is loaded stays: a collection that walked it would take its pages from the other workers
