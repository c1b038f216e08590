//! What strangers may send: fuzz targets over every place where input enters.
