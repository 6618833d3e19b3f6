"""The desk: what people and programs may ask and do, on the store and the files here."""
