"""Serve a video as RTSP on the loopback: rtsp.py CLIP PORT (0: a free one); prints the port. Ends with 77 where
GStreamer's server is not there (Debian: gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good and -bad, python3-gi)."""
import sys

try:
    import gi
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError):
    sys.exit(77)

Gst.init(None)
for element in "filesrc", "qtdemux", "h264parse", "rtph264pay":
    if not Gst.ElementFactory.find(element):
        sys.exit(77)
clip, port = sys.argv[1:]


class Clip(GstRtspServer.RTSPMediaFactory):
    def do_create_element(self, url):
        return Gst.parse_launch('( filesrc location="%s" ! qtdemux name=d d.video_0 ! queue ! h264parse '
                                '! rtph264pay name=pay0 config-interval=1 pt=96 )' % clip)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = Clip()
factory.set_shared(True)
server.get_mount_points().add_factory("/clip", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
